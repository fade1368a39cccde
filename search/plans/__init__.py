"""Plans that people edit in a spreadsheet, acting on them, and taking that back."""
