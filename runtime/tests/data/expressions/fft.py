import numpy as np

x = np.random.default_rng(3).normal(size=16)
odd = np.arange(7.0)
grid = np.random.default_rng(4).normal(size=(4, 6))
# ---
np.fft.fft(x)
np.fft.ifft(np.fft.fft(x))
np.fft.rfft(x), np.fft.irfft(np.fft.rfft(x))
np.fft.fft(odd), np.fft.rfft(odd), np.fft.irfft(np.fft.rfft(odd), n=7)
np.fft.fft(np.arange(1009.0))[[0, 1, 504]]
np.fft.fft2(grid)
np.fft.rfft2(grid), np.fft.irfft2(np.fft.rfft2(grid))
np.fft.fftn(grid, axes=[0]), np.fft.ifftn(grid)
np.fft.fft(x, n=8, norm="ortho"), np.fft.fft(x[:5], n=10, norm="forward")
np.fft.hfft(x), np.fft.ihfft(x)
np.fft.fftfreq(8, d=0.5), np.fft.rfftfreq(7), np.fft.fftshift(odd), np.fft.ifftshift(odd)
np.fft.fft(x.astype("f4")), np.fft.fft(x.astype("c8")).dtype
np.fft.fft([])
np.fft.fft(x, n=0)
np.fft.fft(x, norm="x")
np.abs(np.fft.rfft(np.sin(2 * np.pi * 5 * np.arange(64) / 64))).argmax() + 0
