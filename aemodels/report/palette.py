"""Colours of all figures and pages."""

# Okabe & Ito (2008), "Color Universal Design": distinguishable with every common form of colour blindness.
BLACK = "#111111"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#AA4499"
