"""The log as a file: CSV for spreadsheets, JSON lines for proof, OCSF for what collects events.

What is asked of the log stands in `audit/forms.py`, who may take it out in the views and the API.
"""
