import numpy as np

rng = np.random.default_rng(12345)
old = np.random.RandomState(42)
# ---
rng.random(5), rng.random(3, dtype="f4"), rng.random()
rng.integers(0, 10, 20), rng.integers(2**40, size=5), rng.integers(0, 2**63, 3, dtype="u8"), rng.integers(-5, 5, 6, dtype="i1", endpoint=True)
rng.integers(5, 5)
rng.integers(0, 300, dtype="i1")
rng.standard_normal(10), rng.standard_normal(4, dtype="f4"), rng.normal(5, 2, 4), rng.normal([0, 100], 1)
rng.normal(scale=-1)
np.random.default_rng(0).normal(size=1000).sum(), np.random.default_rng(0).normal(size=1000)[-5:]
rng.uniform(-1, 1, 5), rng.triangular(0, 1, 3, 4), rng.exponential(2, 4), rng.standard_exponential(3, method="inv")
rng.gamma(2.5, 1.5, 5), rng.standard_gamma(0.5, 4), rng.beta(2, 3, 4), rng.chisquare(3, 4), rng.f(3, 5, 4)
rng.poisson(3.5, 10), rng.poisson(1000, 5), rng.binomial(10, 0.3, 10), rng.binomial(1000, 0.5, 5), rng.geometric(0.2, 6)
rng.negative_binomial(5, 0.4, 6), rng.hypergeometric(10, 5, 7, 6), rng.logseries(0.7, 6), rng.zipf(2.5, 6)
rng.lognormal(0, 1, 4), rng.laplace(0, 1, 4), rng.logistic(0, 1, 4), rng.gumbel(0, 1, 4), rng.rayleigh(1, 4)
rng.weibull(1.5, 4), rng.pareto(3, 4), rng.power(2, 4), rng.wald(1, 2, 4), rng.vonmises(0, 4, 4)
rng.standard_t(5, 4), rng.standard_cauchy(4), rng.noncentral_chisquare(3, 1, 4), rng.noncentral_f(3, 5, 1, 4)
rng.dirichlet([1, 2, 3], 3), rng.multinomial(20, [0.2, 0.3, 0.5], 3), rng.multivariate_hypergeometric([5, 3, 2], 4, 3)
rng.multivariate_normal([0, 1], [[2, 0.5], [0.5, 1]], 4)
rng.multivariate_normal([0, 1], [[2, 0.5], [0.5, 1]], 4, method="cholesky")
rng.choice(10, 5), rng.choice(10, 5, replace=False), rng.choice(["a", "b", "c"], 6, p=[0.5, 0.3, 0.2]), rng.choice(1000, 5, replace=False, shuffle=False)
rng.choice(3, 5, replace=False)
rng.choice([1, 2], p=[0.5, 0.6])
rng.permutation(10), rng.permutation(np.arange(6).reshape(3, 2)), rng.permuted(np.arange(6).reshape(2, 3), axis=1)
(v := np.arange(10), rng.shuffle(v), v)[2]
(v := list("abcdef"), rng.shuffle(v), v)[2]
rng.bytes(12).hex(), [child.random() for child in rng.spawn(2)]
rng.bit_generator.state
np.random.PCG64(5).random_raw(4), np.random.PCG64DXSM(5).random_raw(4), np.random.Philox(5).random_raw(4), np.random.SFC64(5).random_raw(4), np.random.MT19937(5).random_raw(4)
np.random.PCG64(5).jumped().random_raw(2), np.random.Philox(5).advance(10).random_raw(2), np.random.MT19937(1).jumped(2).random_raw(2)
np.random.SeedSequence(123).generate_state(4), np.random.SeedSequence([1, 2]).spawn(2)[1].generate_state(2), np.random.SeedSequence(9, spawn_key=(3,)).generate_state(3, "u8")
np.random.Generator(np.random.MT19937(1)).standard_normal(4), np.random.Generator(np.random.SFC64(1)).integers(0, 100, 8)
(np.random.seed(0), np.random.rand(4), np.random.randn(4), np.random.randint(0, 10, 8))
np.random.seed(1), np.random.random(), np.random.random_sample(2)
(np.random.seed(7), np.random.choice(5, 4), np.random.permutation(6), np.random.normal(0, 2, 3), np.random.uniform(1, 2, 2))
(np.random.seed(3), np.random.get_state()[1][:3], np.random.get_state()[2:])
old.rand(3), old.randn(5), old.randint(0, 2**31 - 1, 4), old.randint(5, size=(2, 3)), old.randint(0, 256, 4, dtype="u1")
old.randint(0, 2**40, 4, dtype="i8"), old.random_sample(2), old.tomaxint(2) < 2**63
old.normal(0, 1, 6), old.standard_normal(3), old.exponential(1, 4), old.gamma(2, 2, 4), old.beta(2, 3, 4), old.chisquare(2, 3)
old.poisson(4, 8), old.poisson(500, 4), old.binomial(10, 0.5, 8), old.binomial(100, 0.4, 4), old.geometric(0.3, 5), old.hypergeometric(10, 5, 7, 5)
old.negative_binomial(3, 0.5, 5), old.zipf(3, 5), old.logseries(0.5, 5), old.multinomial(10, [0.5, 0.5], 2)
old.laplace(0, 1, 3), old.lognormal(0, 1, 3), old.vonmises(0, 1, 3), old.wald(1, 1, 3), old.weibull(2, 3), old.triangular(0, 1, 2, 3)
old.standard_t(4, 3), old.standard_cauchy(3), old.f(2, 3, 3), old.power(3, 3), old.pareto(2, 3), old.rayleigh(2, 3), old.gumbel(0, 1, 3)
old.multivariate_normal([0, 1], [[2, 0.5], [0.5, 1]], 3)
old.dirichlet([1, 2], 3), old.choice(["x", "y"], 5), old.permutation(5), old.bytes(6).hex()
(v := np.arange(8), old.shuffle(v), v)[2]
old.seed(-1)
np.random.RandomState("x")
np.random.RandomState([1, 2, 3]).randint(0, 100, 5), np.random.RandomState(2**32 - 1).rand()
