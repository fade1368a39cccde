"""The colours of figures.

`LABEL_COLOURS` are spread as far apart as possible in OKLab (Ottosson, "A perceptual color space for image processing",
2020), as seen by normal eyes and with the three kinds of colour-blindness at full strength (Machado, Oliveira and
Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009), and away from white and
from `OTHERS`. The first ten were spread by themselves, the other ten then between them; each is as far as possible from
those before it, so that few labels differ the most.
"""

#: Text and lines.
INK = "#1f2328"
FAINT = "#6e7781"

#: The frame of a hit with the query's label, and of one with another: bluish green and red, which the colour-blind
#: distinguish better than green and red.
RIGHT = "#008f7a"
WRONG = "#c4291c"

#: Labels that have no colour of their own.
OTHERS = "#b8bfc6"

LABEL_COLOURS = (
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
