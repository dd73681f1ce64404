#pragma once

#include "scanner/base/buf.h"
#include "scanner/cert/cert_list.h"
#include "scanner/dane/dane.h"
#include "tests/support/test_ca.h"

/** Certificates of two hierarchies, and TLSA records about them. Times count from DANE_AT. */
#define DANE_AT 1780000000L

enum who {
    WHO_NONE,
    WHO_LEAF,     /* of MIDDLE, "mx.test" */
    WHO_OLD_LEAF, /* the same, expired */
    WHO_SELF,     /* self-signed, "mx.test" */
    WHO_MIDDLE,   /* of ROOT */
    WHO_CROSS,    /* key and name of MIDDLE, of ROOT, expired */
    WHO_ROOT,
    WHO_UNRELATED,  /* another root */
    WHO_OLD_MIDDLE, /* of ROOT, expired */
    WHO_UNDER_OLD,  /* leaf of OLD_MIDDLE */
    WHO_NO_CA,      /* of ROOT, without cA */
    WHO_UNDER_NO_CA,
    WHO_OLD_ROOT, /* expired */
    WHO_UNDER_OLD_ROOT,
    WHO_COUNT
};

#define EMPTY_SHA256                                                                               \
    "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93" \
    "\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"

struct dane_fixture {
    struct test_cert cert[WHO_COUNT];
    struct buf list;
    struct buf data[TLSA_MAX];
    struct seen_tlsa tlsa[TLSA_MAX];
    size_t tlsa_count;
};

void dane_fixture_init(struct dane_fixture *f);
void dane_fixture_deinit(struct dane_fixture *f);
/** The list of these, up to WHO_NONE. */
struct span dane_fixture_list(struct dane_fixture *f, const enum who *whos);
void dane_fixture_clear(struct dane_fixture *f);
/** A record about `who`. */
void dane_fixture_add(struct dane_fixture *f, uint8_t usage, uint8_t selector, uint8_t matching,
                      enum who who);
