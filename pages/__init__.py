"""The pages of the app, one file each; `_shell.py` is the script that Streamlit runs."""
