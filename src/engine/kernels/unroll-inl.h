// Loops over registers that must not stay loops, and what is to be inlined or
// kept apart.
#pragma once

#if !defined(POTLUT_UNROLL)
#if defined(__clang__)
#define POTLUT_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define POTLUT_UNROLL _Pragma("GCC unroll 16")
#else
#define POTLUT_UNROLL
#endif
#endif

#if defined(__GNUC__)
#define POTLUT_INLINE __attribute__((always_inline))
#define POTLUT_NOINLINE __attribute__((noinline))
#else
#define POTLUT_INLINE
#define POTLUT_NOINLINE
#endif
