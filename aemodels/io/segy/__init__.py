"""SEG-Y files: reader, writer, denoised copies."""
