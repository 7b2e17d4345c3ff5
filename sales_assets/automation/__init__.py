"""Everything that starts runs: jobs, and the schedules and sensors that launch them.

What a run does belongs to the assets.
"""
