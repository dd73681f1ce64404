#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "tests/unit/trust/hierarchy.h"

/* Every list is judged in every order of its later certificates (up to 24 of them) as well, which
 * must not change the path. */

#define CERTS_MAX 6 /* of a list in a table */

enum list_order {
    IN_ORDER,
    OUT_OF_ORDER,
    LEAF_LATER, /* out of order, and the first is not the leaf */
};

struct want {
    const char *name; /* with the RFC section */
    struct test_cert *certs[CERTS_MAX];
    enum chain_status status;
    const char *faults; /* "step:word step:word", of the best path */
    const char *steps;  /* common names, leaf first, of the best path */
    const char *roles;  /* a letter for each certificate, as in role_letter() */
    enum list_order order;
};

static char role_letter(unsigned role)
{
    static const char letters[] = {
        [CERT_ROLE_LEAF] = 'L',      [CERT_ROLE_DUPLICATE] = 'D',    [CERT_ROLE_UNREADABLE] = '?',
        [CERT_ROLE_ROOT] = 'R',      [CERT_ROLE_INTERMEDIATE] = 'I', [CERT_ROLE_ALTERNATIVE] = 'A',
        [CERT_ROLE_UNRELATED] = 'U',
    };
    return letters[role];
}

static void put_faults(struct buf *text, const struct store_verdict *s)
{
    for (size_t i = 0; i < s->fault_count; i++) {
        buf_putf(text, "%s%u:%s", i ? " " : "", s->fault[i].step,
                 path_fault_word(s->fault[i].fault));
    }
    buf_put_char(text, '\0');
}

static void put_steps(struct buf *text, const struct store_verdict *s)
{
    for (size_t i = 0; i < s->step_count; i++) {
        buf_put_text(text, i ? " " : "");
        buf_put(text, s->step[i].cert->subject_cn);
    }
    buf_put_char(text, '\0');
}

static void put_roles(struct buf *text, const struct chain_verdict *v)
{
    for (size_t i = 0; i < v->cert_count; i++) {
        buf_put_char(text, role_letter(v->role[i]));
    }
    buf_put_char(text, '\0');
}

static void expect_text(const char *row, const char *what,
                        void (*put)(struct buf *, const struct store_verdict *),
                        const struct store_verdict *s, const char *want)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    put(&text, s);
    cr_expect_str_eq((const char *)text.at, want ? want : "", "%s: %s are \"%s\", not \"%s\"", row,
                     what, (const char *)text.at, want ? want : "");
    buf_deinit(&text);
}

static void expect_store(const struct want *w, const struct store_verdict *s)
{
    cr_expect_eq(s->status, w->status, "%s: status is %s, not %s", w->name,
                 chain_status_word(s->status), chain_status_word(w->status));
    expect_text(w->name, "faults", put_faults, s, w->faults);
    expect_text(w->name, "steps", put_steps, s, w->steps);
}

static void expect_verdict(const struct want *w, const struct chain_verdict *v)
{
    expect_store(w, &v->store[0]);
    cr_expect_eq(v->in_order, w->order == IN_ORDER, "%s: order", w->name);
    cr_expect_eq(v->leaf_first, w->order != LEAF_LATER, "%s: leaf first", w->name);
    if (w->roles != NULL) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        put_roles(&text, v);
        cr_expect_str_eq((const char *)text.at, w->roles, "%s: roles are %s, not %s", w->name,
                         (const char *)text.at, w->roles);
        buf_deinit(&text);
    }
}

struct fixture {
    struct hierarchy h;
    struct trust_store_octets stores[2];
    struct judging_terms terms;
    struct chain_judge *judge;
    struct buf list;
};

static void begin(struct fixture *f, struct test_cert *const *anchors)
{
    f->stores[0] = store_of("test", anchors);
    f->terms = (struct judging_terms){.at = JUDGED_AT, .stores = f->stores, .store_count = 1};
    f->judge = chain_judge_new(&f->terms);
    f->list = BUF_INIT(BUF_NO_LIMIT);
}

static void end(struct fixture *f)
{
    chain_judge_free(f->judge);
    buf_deinit(&f->stores[0].anchors);
    buf_deinit(&f->stores[1].anchors);
    buf_deinit(&f->list);
    hierarchy_free(&f->h);
}

static void judge(struct fixture *f, struct test_cert *const *certs, size_t count,
                  struct chain_verdict *v)
{
    buf_reset(&f->list);
    for (size_t i = 0; i < count; i++) {
        list_put(&f->list, certs[i]);
    }
    chain_judge_list(f->judge, buf_span(&f->list), v);
}

/* Heap's algorithm over the certificates behind the first. */
static void expect_any_order(struct fixture *f, const struct want *w, struct test_cert **certs,
                             size_t count, size_t left)
{
    if (left <= 1) {
        struct chain_verdict v;
        judge(f, certs, count, &v);
        expect_store(w, &v.store[0]);
        return;
    }
    for (size_t i = 0; i < left; i++) {
        expect_any_order(f, w, certs, count, left - 1);
        size_t other = left % 2 == 0 ? i : 0;
        struct test_cert *t = certs[1 + other];
        certs[1 + other] = certs[left];
        certs[left] = t;
    }
}

static void expect_rows(struct fixture *f, const struct want *rows, size_t count)
{
    for (const struct want *w = rows; w < rows + count; w++) {
        struct chain_verdict v;
        struct test_cert *mixed[CERTS_MAX];
        size_t certs = 0;
        while (certs < CERTS_MAX && w->certs[certs] != NULL) {
            certs++;
        }
        judge(f, w->certs, certs, &v);
        expect_verdict(w, &v);
        memcpy(mixed, w->certs, sizeof(mixed));
        expect_any_order(f, w, mixed, certs, certs - 1);
    }
}

#define EXPECT_ROWS(f, rows) expect_rows((f), (rows), sizeof(rows) / sizeof((rows)[0]))

static void init(void)
{
    hash_secret_init();
}

TestSuite(chain_judge, .init = init);

Test(chain_judge, roles_and_order)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *upper = hierarchy_ca(h, root, "Upper");
    struct test_cert *lower = hierarchy_ca(h, upper, "Lower");
    struct test_cert *leaf = hierarchy_leaf(h, lower);
    struct test_cert *other_root = hierarchy_ca(h, NULL, "Other");
    struct test_cert *other = hierarchy_ca(h, other_root, "Elsewhere");
    struct test_cert *second = hierarchy_leaf(h, other);
    begin(&f, (struct test_cert *[]){root, NULL});

    const char *path = "mx.test Lower Upper Root";
    const struct want rows[] = {
        {"5246 7.4.2: in order", {leaf, lower, upper}, CHAIN_TRUSTED, "", path, "LII", IN_ORDER},
        {"8446 4.4.2: the root may be sent",
         {leaf, lower, upper, root},
         CHAIN_TRUSTED,
         "",
         path,
         "LIIR",
         IN_ORDER},
        {"5246 7.4.2: order", {leaf, upper, lower}, CHAIN_TRUSTED, "", path, "LII", OUT_OF_ORDER},
        {"8446 4.4.2: duplicates",
         {leaf, lower, lower, upper},
         CHAIN_TRUSTED,
         "",
         path,
         "LIDI",
         OUT_OF_ORDER},
        {"8446 4.4.2: the leaf twice",
         {leaf, leaf, lower, upper},
         CHAIN_TRUSTED,
         "",
         path,
         "LDII",
         OUT_OF_ORDER},
        {"8446 4.4.2: extraneous ones",
         {leaf, lower, upper, other, second},
         CHAIN_TRUSTED,
         "",
         path,
         "LIIUU",
         OUT_OF_ORDER},
        {"5280 6.1: intermediate missing",
         {leaf, upper},
         CHAIN_ISSUER_UNKNOWN,
         "",
         "mx.test",
         "LU",
         OUT_OF_ORDER},
        {"5280 6.1: upper one missing",
         {leaf, lower},
         CHAIN_ISSUER_UNKNOWN,
         "",
         "mx.test Lower",
         "LI",
         IN_ORDER},
        {"5280 6.1: leaf alone", {leaf}, CHAIN_ISSUER_UNKNOWN, "", "mx.test", "L", IN_ORDER},
        {"5280 6.1: a root that is no anchor",
         {second, other, other_root},
         CHAIN_UNTRUSTED_ROOT,
         "",
         "mx.test Elsewhere Other",
         "LIR",
         IN_ORDER},
        {"5246 7.4.2: leaf second",
         {lower, leaf, upper},
         CHAIN_TRUSTED,
         "",
         "Lower Upper Root",
         "LUI",
         LEAF_LATER},
        {"5280 6.1: an anchor alone", {root}, CHAIN_TRUSTED, "", "Root", "L", IN_ORDER},
        {"5280 6.1: a self-signed CA alone",
         {other_root},
         CHAIN_SELF_SIGNED,
         "",
         "Other",
         "L",
         IN_ORDER},
    };
    EXPECT_ROWS(&f, rows);
    end(&f);
}
