"""Measurements that check themselves against scikit-learn, and reports of them."""
