"""A verdict's faces: data in, text out."""
