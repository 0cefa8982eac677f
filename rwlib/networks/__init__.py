"""The networks: generator, discriminator, their layers, and the frozen VGG behind two of the losses."""
