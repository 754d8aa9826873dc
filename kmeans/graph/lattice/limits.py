"""What lattice recognition takes as a fit: its tolerances and its largest polynomials."""

# Largest distance of a point from its lattice site, in steps. Four decimals of a degree move the centre of a cell of
# 92 m by up to 0.06 steps, 32-bit floats one of 30 m by up to 0.03. A scattered point passes by chance once in 25.
TOLERANCE = 0.1
# A map that fits better only by this factor, or by this part of a step, is no reason for more coefficients.
HARDLY_BETTER = 1.2
NEGLIGIBLE = 1e-6
# Of the lengths of the two steps.
MAX_RATIO = 1e4
# Ten degrees of longitude in UTM need the fourth degree to be within a hundredth of a step of 90 m.
MAX_DEGREE = 5
# Points for each coefficient, and steps along an axis for each power above the first: fewer would leave the map
# between and beyond the points to chance.
POINTS_PER_TERM, STEPS_PER_POWER = 10, 8
