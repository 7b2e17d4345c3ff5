"""What `make doctor` looks at, one file for each thing: functions that look and return findings.

They change nothing that stays and print nothing. Which of them a deployment needs is said in `rounds.py`.
"""
