"""Crystal structures as voxels, their latent vectors, and crystals made of latents."""
