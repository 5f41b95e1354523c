"""The exact side: J and gradients in float64, their error bound, the usual noise, and ball arithmetic above both."""
