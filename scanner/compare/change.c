#include "scanner/base/check.h"
#include "scanner/compare/comparison.h"

const struct vocabulary change_direction_vocabulary = VOCABULARY_WORDS(CHANGE_DIRECTIONS);
const struct vocabulary change_place_vocabulary = VOCABULARY_WORDS(CHANGE_PLACES);

const struct vocabulary gap_kind_vocabulary = VOCABULARY_WORDS(GAP_KINDS);

static const struct kind_info {
    const char *word;
    enum change_direction direction;
    const char *phrase;
    const char *meaning;
} kinds[] = {
#define X(name, word, direction, phrase, meaning) \
    [CHANGE_##name] = {word, CHANGE_##direction, phrase, meaning},
    CHANGE_KINDS(X)
#undef X
};

static const struct kind_info *info_of(enum change_kind k)
{
    CHECK(k < CHANGE_KIND_COUNT);
    return &kinds[k];
}

const char *change_kind_word(enum change_kind k)
{
    return info_of(k)->word;
}

const char *change_kind_phrase(enum change_kind k)
{
    return info_of(k)->phrase;
}

const char *change_kind_meaning(enum change_kind k)
{
    return info_of(k)->meaning;
}

enum change_direction change_kind_direction(enum change_kind k)
{
    return info_of(k)->direction;
}
