"""Colours, line styles and markers for plots in reports and notebooks, which everyone can tell apart."""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette (2008), which colour-blind readers can tell apart too."""

STYLES = ("-", "--", ":", "-.")
MARKERS = "os^Dv*P"
