// The floating-point status in software: WebAssembly's arithmetic raises nothing. NumPy raises what it finds out itself, such as a
// division by zero, and asks for it when a loop has ended.
#include <fenv.h>

static int raised;

int feclearexcept(int mask) {
    raised &= ~mask;
    return 0;
}

int feraiseexcept(int mask) {
    raised |= mask & FE_ALL_EXCEPT;
    return 0;
}

int fetestexcept(int mask) { return raised & mask; }
