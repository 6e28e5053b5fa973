"""A whole run as one ZIP that another server takes in."""
