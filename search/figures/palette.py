"""Colours for labels: twenty that are told apart, also by the colour-blind; the fewer are taken, the more clearly.

They were spread as far apart as they go in OKLab (Ottosson, "A perceptual color space for image processing", 2020), as
seen by normal eyes and through the three kinds of colour-blindness at full strength (Machado, Oliveira and Fernandes,
"A physiologically-based model for simulation of color vision deficiency", 2009), and away from white and from `REST`.
The first ten were spread by themselves, the other ten then between them; each is as far as can be from those before it.
"""

LABELS = (
    "#17a2eb",
    "#930800",
    "#d98b04",
    "#661490",
    "#2ef077",
    "#737405",
    "#0b5252",
    "#b032b9",
    "#f0397a",
    "#685ef7",
    "#fcc019",
    "#59578a",
    "#73cf89",
    "#c288bc",
    "#af0c73",
    "#28998e",
    "#96a85f",
    "#8a7abc",
    "#7b533c",
    "#a57f39",
)

#: What has no colour of its own.
REST = "#b8bfc6"
