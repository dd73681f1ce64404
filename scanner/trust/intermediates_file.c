#include "scanner/trust/intermediates_file.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/pem_certs.h"

#define WHAT        "intermediate CA certificates"
#define UNPACK_STEP (64U << 10)      /* octets unpacked at once */
#define GZIP_WINDOW (MAX_WBITS + 16) /* zlib.h: a gzip header and trailer, and no other */

static bool is_gzip(struct span octets)
{
    return octets.len >= 2 && octets.at[0] == 0x1f && octets.at[1] == 0x8b;
}

/* Several members one behind the other are one text (RFC 1952 section 2.2). */
static bool unpack(struct span packed, struct buf *text, struct buf *why)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.at,
                  .avail_in = (uInt)packed.len,
                  .zalloc = memory_zalloc,
                  .zfree = memory_zfree};
    CHECK(inflateInit2(&z, GZIP_WINDOW) == Z_OK);
    int state = Z_OK;
    uint8_t *room = NULL;
    while (state == Z_OK && (room = buf_room(text, UNPACK_STEP)) != NULL) {
        z.next_out = room;
        z.avail_out = UNPACK_STEP;
        state = inflate(&z, Z_NO_FLUSH);
        text->len += UNPACK_STEP - z.avail_out;
        if (state == Z_STREAM_END && z.avail_in > 0) {
            state = inflateReset(&z);
        }
    }
    (void)inflateEnd(&z);
    if (state == Z_OK) {
        buf_putf(why, "over %u octets when unpacked; give a smaller file", INTERMEDIATES_FILE_MAX);
    } else if (state != Z_STREAM_END) {
        buf_put_text(why, "damaged gzip; give an undamaged file");
    }
    return state == Z_STREAM_END;
}

/* Others are of no use, and may stand in the file. */
static void keep_cas(struct intermediates_file *f, const struct pem_certs *certs)
{
    struct span rest = buf_span(&certs->list);
    for (struct span der; cert_list_next(&rest, &der);) {
        if (intermediate_is_ca(der)) {
            (void)cert_list_add(&f->list, der);
            f->count++;
        }
    }
}

static bool file_parse(struct intermediates_file *f, struct buf *why)
{
    struct pem_certs certs = {.list = BUF_INIT(INTERMEDIATES_FILE_MAX)};
    struct buf text = BUF_INIT(INTERMEDIATES_FILE_MAX);
    digest_sha256(buf_span(&f->octets), f->sha256);
    f->gzip = is_gzip(buf_span(&f->octets));
    bool good = !f->gzip || unpack(buf_span(&f->octets), &text, why);
    good = good && pem_certs_read(&certs, buf_span(f->gzip ? &text : &f->octets), why);
    if (good) {
        keep_cas(f, &certs);
    }
    if (good && f->count == 0) {
        buf_putf(why, "%s in it; give a PEM file of " WHAT ", plain or gzip",
                 f->octets.len == 0 ? "nothing"
                 : certs.count == 0 ? "no certificate"
                                    : "no CA certificate");
        good = false;
    }
    buf_deinit(&text);
    buf_deinit(&certs.list);
    return good;
}

static struct intermediates_file empty_file(const char *path)
{
    return (struct intermediates_file){.path = path,
                                       .octets = BUF_INIT(INTERMEDIATES_FILE_MAX),
                                       .list = BUF_INIT(INTERMEDIATES_FILE_MAX)};
}

bool intermediates_file_parse(struct intermediates_file *f, const char *path, struct span octets,
                              struct buf *why)
{
    *f = empty_file(path);
    if (!buf_append(&f->octets, octets)) {
        buf_putf(why, "over %u octets; give a smaller file", INTERMEDIATES_FILE_MAX);
        return false;
    }
    return file_parse(f, why);
}

bool intermediates_file_read(struct intermediates_file *f, const char *path, struct buf *why)
{
    *f = empty_file(path);
    if (!pem_file_read(&f->octets, path, WHAT, why)) {
        return false;
    }
    struct buf what = BUF_INIT(BUF_NO_LIMIT);
    bool good = file_parse(f, &what);
    if (!good) {
        buf_putf(why, "%s: ", path);
        buf_put(why, buf_span(&what));
    }
    buf_deinit(&what);
    return good;
}

void intermediates_file_deinit(struct intermediates_file *f)
{
    buf_deinit(&f->octets);
    buf_deinit(&f->list);
}

void intermediates_file_name(const struct intermediates_file *f, size_t index,
                             char name[INTERMEDIATES_FILE_NAME_MAX])
{
    (void)snprintf(name, INTERMEDIATES_FILE_NAME_MAX, "intermediates-%zu.pem%s", index + 1,
                   f->gzip ? ".gz" : "");
}
