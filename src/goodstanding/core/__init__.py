"""The pure heart: no Django, no input or output, no clock. Facts in, decisions out."""
