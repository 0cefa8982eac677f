"""The command line: `rwlib train | inpaint | evaluate | bench | doctor | start | progress`."""
