// <fenv.h> with a status: WebAssembly has none, and wasi-libc's header says so by leaving the names out. See ../status.c.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#define FE_INVALID 1
#define FE_DIVBYZERO 4
#define FE_OVERFLOW 8
#define FE_UNDERFLOW 16
#define FE_INEXACT 32
#define FE_ALL_EXCEPT 61
#define FE_TONEAREST 0

int feclearexcept(int mask);
int feraiseexcept(int mask);
int fetestexcept(int mask);

#ifdef __cplusplus
}
#endif
