/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "malloc_count.h"

#include <stdatomic.h>
#include <stdint.h>

static atomic_size_t calls, frees, bytes, live, peak, largest;

/* What was held before the start and is freed makes it wrap: that is less. */
static void note_most(atomic_size_t *most, size_t value)
{
    size_t seen = atomic_load(most);

    while (value <= SIZE_MAX / 2 && value > seen &&
           !atomic_compare_exchange_weak(most, &seen, value)) {
    }
}

static void count_alloc(size_t asked, size_t held)
{
    atomic_fetch_add(&calls, 1);
    atomic_fetch_add(&bytes, asked);
    note_most(&peak, atomic_fetch_add(&live, held) + held);
    note_most(&largest, asked);
}

static void count_free(size_t held)
{
    atomic_fetch_add(&frees, 1);
    atomic_fetch_sub(&live, held);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER_HOOKS 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER_HOOKS 1
#endif

#ifdef HAS_SANITIZER_HOOKS

/* gcc has these functions in its sanitizers, yet not the header. */
int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *p, size_t size),
    void (*on_free)(const volatile void *p));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    count_alloc(size, size);
}

static void on_free(const volatile void *p)
{
    if (p != NULL) {
        count_free(__sanitizer_get_allocated_size(p));
    }
}

static void install(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&done)) {
        (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    }
}

#else

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* Other libraries must find these in the program before glibc's. */
#pragma GCC visibility push(default)

/* glibc keeps these names for those who stand in front of it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

static void *counted(void *p, size_t asked)
{
    if (p != NULL) {
        count_alloc(asked, malloc_usable_size(p));
    }
    return p;
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size), count * size);
}

void *realloc(void *p, size_t size)
{
    size_t before = p != NULL ? malloc_usable_size(p) : 0;
    void *moved = __libc_realloc(p, size);

    if (p != NULL && (moved != NULL || size == 0)) {
        count_free(before);
    }
    return counted(moved, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return counted(__libc_memalign(align, size), size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    void *p = counted(__libc_memalign(align, size), size);

    if (p == NULL) {
        return ENOMEM;
    }
    *out = p;
    return 0;
}

void free(void *p)
{
    if (p != NULL) {
        count_free(malloc_usable_size(p));
        __libc_free(p);
    }
}

#pragma GCC visibility pop

static void install(void)
{
}

#endif

void malloc_count_start(void)
{
    install();
    atomic_store(&calls, 0);
    atomic_store(&frees, 0);
    atomic_store(&bytes, 0);
    atomic_store(&live, 0);
    atomic_store(&peak, 0);
    atomic_store(&largest, 0);
}

struct malloc_count malloc_count_now(void)
{
    return (struct malloc_count){.calls = atomic_load(&calls),
                                 .frees = atomic_load(&frees),
                                 .bytes = atomic_load(&bytes),
                                 .live = atomic_load(&live),
                                 .peak = atomic_load(&peak),
                                 .largest = atomic_load(&largest)};
}
