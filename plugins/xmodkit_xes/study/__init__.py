"""`xmod study components`: how much of a spectrum few components of a structure explain."""
