"""Every figure in the documentation comes from one of these: `gan-playground bench NAME`."""
