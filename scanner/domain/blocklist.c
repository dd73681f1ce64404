#include "scanner/domain/blocklist.h"

#include <errno.h>
#include <stdio.h>

#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/domain_name.h"

#define LINE_MAX_OCTETS 4096 /* of a line; our own bound */
#define BITS_MAX        128  /* of a prefix */

/* What an entry for a name covers. */
enum cover {
    COVER_ITSELF = 1,
    COVER_BELOW = 2,
};

struct blocklist {
    uint8_t sha256[32];
    bool has_sha256;
    struct map names;               /* hash of the name -> enum cover bits */
    struct map prefixes;            /* hash of family, length and base -> nothing */
    bool has_bits[2][BITS_MAX + 1]; /* prefix lengths in use, IPv4 and IPv6 */
    struct buf scratch;
};

struct blocklist *blocklist_new(void)
{
    struct blocklist *b = memory_new(1, sizeof(*b));
    b->scratch = BUF_INIT(BUF_NO_LIMIT);
    return b;
}

void blocklist_free(struct blocklist *b)
{
    if (b != NULL) {
        map_deinit(&b->names);
        map_deinit(&b->prefixes);
        buf_deinit(&b->scratch);
        free(b);
    }
}

size_t blocklist_count(const struct blocklist *b)
{
    return b != NULL ? b->names.count + b->prefixes.count : 0;
}

static struct hash_key prefix_key(const struct net_addr *base, uint8_t bits)
{
    uint8_t key[2 + sizeof(base->octets)] = {base->family, bits};
    memcpy(key + 2, base->octets, sizeof(base->octets));
    return hash_key_of((struct span){key, sizeof(key)});
}

static void add_prefix(struct blocklist *b, const struct net_prefix *p)
{
    bool added = false;
    (void)map_add(&b->prefixes, prefix_key(&p->base, p->bits), 1, &added);
    b->has_bits[p->base.family == 6][p->bits] = true;
}

static const char *add_name(struct blocklist *b, struct span entry)
{
    uint64_t cover = COVER_ITSELF | COVER_BELOW;
    if (entry.len > 1 && entry.at[0] == '*' && entry.at[1] == '.') {
        entry = span_drop(entry, 1);
    }
    if (entry.len > 1 && entry.at[0] == '.') {
        entry = span_drop(entry, 1);
        cover = COVER_BELOW;
    }
    buf_reset(&b->scratch);
    const char *fault = list_name_normalise(entry, &b->scratch);
    if (fault != NULL) {
        return fault;
    }
    bool added = false;
    *map_add(&b->names, hash_key_of(buf_span(&b->scratch)), 0, &added) |= cover;
    return NULL;
}

const char *blocklist_add_line(struct blocklist *b, struct span line)
{
    const uint8_t *comment = line.len > 0 ? memchr(line.at, '#', line.len) : NULL;
    if (comment != NULL) {
        line.len = (size_t)(comment - line.at);
    }
    line = text_trim(line);
    if (line.len == 0) {
        return NULL;
    }
    struct net_prefix prefix;
    if (net_prefix_parse(line, &prefix)) {
        add_prefix(b, &prefix);
        return NULL;
    }
    return memchr(line.at, '/', line.len) != NULL ? "bad_prefix" : add_name(b, line);
}

/* @return false with the reason in `error`. */
static bool blocklist_read_lines(struct blocklist *b, FILE *file, const char *path,
                                 struct buf *octets, struct buf *error)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = 0;
    const char *fault = NULL;
    uint64_t number = 0;
    while (fault == NULL && (len = getline(&line, &room, file)) >= 0) {
        struct span text = {(const uint8_t *)line, (size_t)len};
        if (octets != NULL) {
            buf_put(octets, text);
        }
        if (number++ == 0 && text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0) {
            text = span_drop(text, 3); /* byte order mark */
        }
        fault = text.len > LINE_MAX_OCTETS ? "line_too_long" : blocklist_add_line(b, text);
    }
    if (fault != NULL) {
        buf_putf(error, "%s: line %llu: %s", path, (unsigned long long)number, fault);
    } else if (ferror(file)) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        fault = "read";
    }
    free(line);
    return fault == NULL;
}

struct blocklist *blocklist_load(const char *path, struct buf *octets, struct buf *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        buf_putf(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct blocklist *b = blocklist_new();
    if (!blocklist_read_lines(b, file, path, octets, error)) {
        blocklist_free(b);
        b = NULL;
    }
    (void)fclose(file);
    return b;
}

void blocklist_set_sha256(struct blocklist *b, const uint8_t sha256[32])
{
    memcpy(b->sha256, sha256, sizeof(b->sha256));
    b->has_sha256 = true;
}

const uint8_t *blocklist_sha256(const struct blocklist *b)
{
    return b != NULL && b->has_sha256 ? b->sha256 : NULL;
}

bool blocklist_has_name(const struct blocklist *b, struct span name)
{
    if (b == NULL || b->names.count == 0) {
        return false;
    }
    uint64_t wanted = COVER_ITSELF;
    while (name.len > 0) {
        const uint64_t *cover = map_find(&b->names, hash_key_of(name));
        if (cover != NULL && (*cover & wanted) != 0) {
            return true;
        }
        const uint8_t *dot = memchr(name.at, '.', name.len);
        name = dot != NULL ? span_drop(name, (size_t)(dot - name.at) + 1) : (struct span){0};
        wanted = COVER_BELOW;
    }
    return false;
}

bool blocklist_has_address(const struct blocklist *b, const struct net_addr *a)
{
    if (b == NULL || b->prefixes.count == 0) {
        return false;
    }
    unsigned most = a->family == 4 ? 32 : BITS_MAX;
    for (unsigned bits = 0; bits <= most; bits++) {
        if (!b->has_bits[a->family == 6][bits]) {
            continue;
        }
        struct net_addr base = net_addr_masked(a, (uint8_t)bits);
        if (map_find(&b->prefixes, prefix_key(&base, (uint8_t)bits)) != NULL) {
            return true;
        }
    }
    return false;
}
