"""What is measured: functions that return what makes N calls. Each runs in the environment of its own library."""
