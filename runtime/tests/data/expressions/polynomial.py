import numpy as np
from numpy.polynomial import Chebyshev, Hermite, Laguerre, Legendre, Polynomial, chebyshev, polynomial

p = Polynomial([1, 2, 3])
xs = np.linspace(0, 1, 8)
# ---
p, p + 1, p * p, p - [1], p**3, -p, p(2), p(xs)
divmod(Polynomial([1, 0, 1]), Polynomial([1, 1])), p.deriv(), p.integ(), p.integ(lbnd=1), p.degree(), p.coef
Polynomial.fromroots([1, 2, 3]), Polynomial([6, -5, 1]).roots()
Polynomial([-1, 0, 0, 1]).roots()
Polynomial.fit(xs, xs**2, 2).convert().coef.round(9)
Polynomial.fit(xs, np.sin(xs), 3).coef
np.polyfit(xs, xs**2 + 1, 2)
np.polyfit([0, 1, 2], [1, 3, 5], 1).round(12)
np.polyfit(xs, np.exp(xs), 3, cov=True)[1].shape
np.polyval([1, 2, 3], 2), np.polyadd([1, 2], [3]), np.polymul([1, 2], [1, 3]), np.polydiv([1, 5, 6], [1, 2]), np.polyder([1, 2, 3]), np.polyint([2, 2])
np.roots([1, -3, 2])
np.roots([1, 0, 0, -1])
np.poly([1, 2]), np.poly1d([1, 2, 3]), np.poly1d([1, -1])(3), str(np.poly1d([1, 2, 3])), np.poly1d([1, 2]) ** 2
str(p), repr(p), f"{p:ascii}", str(Chebyshev([1, 2, 3]))
Chebyshev([1, 2, 3])(xs), Chebyshev([1, 2, 3]).convert(kind=Polynomial), Chebyshev.basis(4).roots()
Legendre([1, 2, 3])(xs), Hermite([1, 2, 3])(xs), Laguerre([1, 2, 3])(xs)
Legendre.basis(5).roots()
chebyshev.chebinterpolate(np.exp, 4)
np.polynomial.legendre.leggauss(3)
np.polynomial.hermite.hermgauss(3)
polynomial.polyval2d([1, 2], [3, 4], [[1, 2], [3, 4]]), polynomial.polyvander([1, 2], 3), polynomial.polycompanion([1, 2, 3]), polynomial.polytrim([1, 2, 0, 0])
chebyshev.cheb2poly([1, 2, 3]), chebyshev.poly2cheb([1, 2, 3]), chebyshev.chebmul([1, 2], [3, 4]), chebyshev.chebpts1(4)
Polynomial([1, 2]) + Chebyshev([1, 2])
Polynomial([])
Polynomial([1, 2, 3]) // Polynomial([0])
p.linspace(4), p.trim(), p.truncate(2), p.cutdeg(1), p.has_samecoef(p), p == p, Polynomial([1, 2], domain=[0, 10])(5)
