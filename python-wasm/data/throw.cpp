// What a C++ `throw` does: WebAssembly without exceptions cannot unwind, so it ends the run. It is memory that ran out, which the
// host knows because it refused it; anything else is named on the run's log.
#include <cstdio>
#include <cstdlib>
#include <typeinfo>

extern "C" {

// Never freed, for nobody catches it; memory may have run out.
void *__cxa_allocate_exception(std::size_t) noexcept {
    alignas(16) static char room[1024];
    return room;
}

void __cxa_free_exception(void *) noexcept {}

[[noreturn]] void __cxa_throw(void *, std::type_info *type, void (*)(void *)) {
    std::fprintf(stderr, "C++ exception %s: a sandbox cannot catch it\n", type->name());
    std::abort();
}
}
