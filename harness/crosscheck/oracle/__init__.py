"""The oracle: J and gradients in float64, their error bound, the rounding noise, and enclosures by ball arithmetic."""
