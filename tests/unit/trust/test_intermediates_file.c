#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <criterion/criterion.h>
#include <openssl/pem.h>

#include "scanner/base/hash.h"
#include "scanner/trust/intermediates_file.h"
#include "tests/unit/trust/hierarchy.h"

static void init(void)
{
    hash_secret_init();
}

TestSuite(intermediates_file, .init = init);

static void put_pem(struct buf *to, const struct test_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    cr_assert(PEM_write_bio_X509(bio, c->cert));
    long len = BIO_get_mem_data(bio, &at);
    buf_put(to, (struct span){(const uint8_t *)at, (size_t)len});
    BIO_free(bio);
}

static void put_gzip(struct buf *to, struct span text)
{
    uint8_t out[16384];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text.at,
                  .avail_in = (uInt)text.len,
                  .next_out = out,
                  .avail_out = sizeof(out)};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_put(to, (struct span){out, sizeof(out) - z.avail_out});
    (void)deflateEnd(&z);
}

/* One letter a piece of text; what follows '/' is a gzip member of its own. */
static void put_plan(struct buf *to, const char *plan, const struct test_cert *made)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool gzip = *plan == '/';
    for (; *plan != '\0'; plan++) {
        switch (*plan) {
        case '/':
            if (text.len > 0) {
                put_gzip(to, buf_span(&text));
                buf_reset(&text);
            }
            break;
        case 'u':
        case 'l':
        case 'e':
            put_pem(&text, &made[*plan == 'u' ? 0 : *plan == 'l' ? 1 : 2]);
            break;
        case 'x':
            buf_put_text(&text,
                         "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n");
            break;
        case '#':
            buf_put_text(&text, "# CN=Upper\n");
            break;
        default: /* 'c': cut off */
            buf_put_text(&text, "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n");
        }
    }
    if (gzip) {
        put_gzip(to, buf_span(&text));
    } else {
        buf_put(to, buf_span(&text));
    }
    buf_deinit(&text);
}

#define NAME_ONE "; give a PEM file of intermediate CA certificates, plain or gzip"

static const struct row {
    const char *name;
    const char *plan;
    size_t count;
    const char *why; /* NULL: good */
} rows[] = {
    {"two, with comments", "#u#l", 2, NULL},
    {"each once", "uluu", 2, NULL},
    {"a leaf is of no use, and no fault", "eu", 1, NULL},
    {"1952: gzip", "/#ul", 2, NULL},
    {"1952 2.2: two members", "/u/l", 2, NULL},
    {"1952 2.2: cut between two members, inside a block", "/u/#l", 2, NULL},
    {"nothing", "", 0, "nothing in it" NAME_ONE},
    {"no certificate", "##", 0, "no certificate in it" NAME_ONE},
    {"no certificate, in gzip", "/#", 0, "no certificate in it" NAME_ONE},
    {"leaves alone", "e", 0, "no CA certificate in it" NAME_ONE},
    {"no DER", "ux", 0, "certificate 2 of the file cannot be read; remove or replace it"},
    {"cut off", "uc", 0, "PEM block 2, after 1 certificates, is damaged; give an undamaged file"},
    {"cut off, in gzip", "/uc", 0,
     "PEM block 2, after 1 certificates, is damaged; give an undamaged file"},
};

static void make(struct hierarchy *h, struct test_cert made[3])
{
    made[0] = *hierarchy_ca(h, NULL, "Upper");
    made[1] = *hierarchy_ca(h, &made[0], "Lower");
    made[2] = *hierarchy_leaf(h, &made[1]);
}

Test(intermediates_file, what_is_taken_and_what_is_refused)
{
    struct hierarchy h = {.count = 0};
    struct test_cert made[3];
    make(&h, made);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct intermediates_file f;
        char name[INTERMEDIATES_FILE_NAME_MAX];
        put_plan(&octets, r->plan, made);
        bool good = intermediates_file_parse(&f, "given", buf_span(&octets), &why);
        cr_expect_eq(good, r->why == NULL, "%s", r->name);
        cr_expect(span_eq(buf_span(&why), span_of(r->why ? r->why : "")), "%s: %.*s", r->name,
                  (int)why.len, (const char *)why.at);
        if (good) {
            bool gzip = r->plan[0] == '/';
            cr_expect_eq(f.count, r->count, "%s: %zu", r->name, f.count);
            cr_expect_eq(cert_list_count(buf_span(&f.list)), r->count, "%s", r->name);
            cr_expect(span_eq(buf_span(&f.octets), buf_span(&octets)), "%s: kept as read", r->name);
            intermediates_file_name(&f, 2, name);
            cr_expect_str_eq(name, gzip ? "intermediates-3.pem.gz" : "intermediates-3.pem");
        }
        intermediates_file_deinit(&f);
        buf_deinit(&octets);
        buf_deinit(&why);
    }
    hierarchy_free(&h);
}

static void expect_refused(struct span octets, const char *text)
{
    struct intermediates_file f;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(!intermediates_file_parse(&f, "given", octets, &why));
    cr_expect(span_eq(buf_span(&why), span_of(text)), "%.*s", (int)why.len, (const char *)why.at);
    intermediates_file_deinit(&f);
    buf_deinit(&why);
}

/* RFC 1952: each is cut off or altered somewhere. */
Test(intermediates_file, damaged_gzip)
{
    struct hierarchy h = {.count = 0};
    struct test_cert made[3];
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    const char *const damaged = "damaged gzip; give an undamaged file";
    make(&h, made);
    put_plan(&octets, "/ul", made);
    for (size_t len = 2; len < octets.len; len += len < 30 || len > octets.len - 30 ? 1 : 50) {
        expect_refused((struct span){octets.at, len}, damaged);
    }
    octets.at[octets.len - 5] ^= 1; /* of the check value */
    expect_refused(buf_span(&octets), damaged);
    octets.at[octets.len - 5] ^= 1;
    buf_put_text(&octets, "more"); /* that is no member */
    expect_refused(buf_span(&octets), damaged);
    buf_deinit(&octets);
    hierarchy_free(&h);
}

/* 65 MiB of line ends are 64 KiB of gzip. */
Test(intermediates_file, unpacking_ends_at_the_limit)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    const size_t len = INTERMEDIATES_FILE_MAX + (1U << 20);
    char *text = malloc(len);
    cr_assert_not_null(text);
    memset(text, '\n', len);
    uint8_t *out = malloc(1U << 20);
    cr_assert_not_null(out);
    z_stream z = {
        .next_in = (Bytef *)text, .avail_in = (uInt)len, .next_out = out, .avail_out = 1U << 20};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    expect_refused((struct span){out, (1U << 20) - z.avail_out},
                   "over 67108864 octets when unpacked; give a smaller file");
    (void)deflateEnd(&z);
    free(out);
    free(text);
    buf_deinit(&octets);
}

Test(intermediates_file, files_that_are_none)
{
    static const struct {
        const char *path;
        const char *text;
    } files[] = {
        {"/nowhere/cas.pem", "/nowhere/cas.pem: No such file or directory; give a PEM file of "
                             "intermediate CA certificates"},
        {"/dev/null", "/dev/null: nothing in it" NAME_ONE},
        {"/", "/: Is a directory; give a PEM file of intermediate CA certificates"},
        {"/dev/zero", "/dev/zero: over 67108864 octets; give a smaller file"},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct intermediates_file f;
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(!intermediates_file_read(&f, files[i].path, &why));
        cr_expect(span_eq(buf_span(&why), span_of(files[i].text)), "%.*s", (int)why.len,
                  (const char *)why.at);
        intermediates_file_deinit(&f);
        buf_deinit(&why);
    }
}
