#include "tests/lab/policy_host.h"

#include <stdlib.h>
#include <string.h>

#define WORDS(name, list) static const char *const name[] = {list(WORD)}
#define WORD(name, word)  word,
WORDS(hosting_words, LAB_POLICY_HOSTINGS);
WORDS(dns_words, LAB_POLICY_DNS);
WORDS(http_words, LAB_HTTPS);
WORDS(framing_words, LAB_FRAMINGS);
#undef WORD
#define COUNT(words) (sizeof(words) / sizeof((words)[0]))

const char *lab_policy_hosting_word(enum lab_policy_hosting h)
{
    return hosting_words[h];
}

const char *lab_policy_dns_word(enum lab_policy_dns d)
{
    return dns_words[d];
}

const char *lab_http_word(enum lab_http h)
{
    return http_words[h];
}

const char *lab_framing_word(enum lab_framing f)
{
    return framing_words[f];
}

void policy_host_init(struct policy_host *h)
{
    static const struct net_addr nowhere = {0};
    memset(h, 0, sizeof(*h));
    service_init(&h->server, &nowhere);
    h->server.tls_min = 0x0303;
    h->status = 200;
    memcpy(h->media, "text/plain", sizeof("text/plain"));
    memcpy(h->text.mode, "enforce", sizeof("enforce"));
    memcpy(h->text.max_age, "604800", sizeof("604800"));
}

static bool set_word(const char *const *words, size_t count, const char *word, unsigned *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = (unsigned)i;
            return true;
        }
    }
    return false;
}

static bool set_text(char *to, size_t size, const char *value)
{
    size_t len = strlen(value);
    if (len >= size) {
        return false;
    }
    memcpy(to, value, len + 1);
    return true;
}

bool policy_host_set(struct policy_host *h, const char *key, const char *value)
{
    unsigned n = 0;
    if (strcmp(key, "http") == 0 && set_word(http_words, COUNT(http_words), value, &n)) {
        h->http = (enum lab_http)n;
        return true;
    }
    if (strcmp(key, "framing") == 0 && set_word(framing_words, COUNT(framing_words), value, &n)) {
        h->framing = (enum lab_framing)n;
        return true;
    }
    if (strcmp(key, "status") == 0) {
        h->status = (uint16_t)strtoul(value, NULL, 10);
        return h->status >= 100 && h->status < 1000;
    }
    if (strcmp(key, "location") == 0) {
        return set_text(h->location, sizeof(h->location), value);
    }
    if (strcmp(key, "media") == 0) {
        return set_text(h->media, sizeof(h->media), strcmp(value, "none") == 0 ? "" : value);
    }
    return policy_text_set(&h->text, key, value) || service_set(&h->server, key, value);
}
