/* A file of sender profiles: any octets are refused with one line, or give profiles that keep to their
 * bounds. */

#include "scanner/base/check.h"
#include "scanner/senders/sender_profiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_profile(const struct sender_profile *p)
{
    CHECK(p->id[0] != '\0' && p->title[0] != '\0');
    CHECK(p->tls_min >= 0x0301 && p->tls_min <= p->tls_max && p->tls_max <= 0x0304);
    CHECK(profile_uses_dane(p) == (p->dane != PROFILE_DANE_NO));
    CHECK(p->stack != NULL && p->stack->id[0] != '\0');
    CHECK(((p->reply_lines | p->reply_lines_fatal) & ~SMTP_LINE_QUIRKS) == 0);
    CHECK(p->sts_record == PROFILE_QUIRKS_UNKNOWN || p->sts_record >> STS_RECORD_QUIRK_COUNT == 0);
    CHECK(p->sts_policy == PROFILE_QUIRKS_UNKNOWN || p->sts_policy >> STS_POLICY_QUIRK_COUNT == 0);
    for (int f = 0; f < PROFILE_FIELD_COUNT; f++) {
        CHECK(p->marks[f] > FIELD_MARK_NONE && p->marks[f] < FIELD_MARK_COUNT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_parse((struct span){data, size}, "file", &why);
    CHECK((f == NULL) == (why.len > 0));
    if (f == NULL) {
        CHECK(memchr(why.at, '\n', why.len) == NULL);
    } else {
        CHECK(f->profiles.count >= 1 && f->profiles.count <= SENDER_PROFILES_MAX);
        CHECK(f->len == size);
        for (size_t i = 0; i < f->profiles.count; i++) {
            check_profile(&f->profiles.items[i]);
        }
    }
    sender_profiles_free(f);
    buf_deinit(&why);
    return 0;
}
