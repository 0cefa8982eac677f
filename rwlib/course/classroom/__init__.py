"""What lets a whole class open one app: kernels that share what they load, a door, and room for so many pages.

`forks` starts a kernel in a fraction of a second, `door` says who may come in and how many, `server` puts both into
voila. `rwlib.course.app` is the program.
"""
