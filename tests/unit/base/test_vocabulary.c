#include <criterion/criterion.h>

#include "scanner/base/vocabulary.h"

#define FRUITS(X)                    \
    X(FRUIT_NONE, NULL, NULL)        \
    X(FRUIT_APPLE, "apple", "grows") \
    X(FRUIT_EMPTY, "", NULL)         \
    X(FRUIT_PEAR, "pear", "grows too", 7)

enum fruit {
    FRUITS(ENUMERATOR)
};

VOCABULARY(fruit, enum fruit);
const struct vocabulary fruit_vocabulary = VOCABULARY_OF(FRUITS, "fruit", "basket", "What grows.");

#define COLOURS(X) X(COLOUR_RED, "red") X(COLOUR_BLUE, "blue")

enum colour {
    COLOURS(ENUMERATOR)
};

VOCABULARY(colour, enum colour);
const struct vocabulary colour_vocabulary = VOCABULARY_WORDS(COLOURS);

Test(vocabulary, has_a_word_and_a_meaning_for_each_value)
{
    cr_expect_eq(fruit_vocabulary.count, 4);
    cr_expect_str_eq(fruit_word(FRUIT_APPLE), "apple");
    cr_expect_str_eq(fruit_vocabulary.words[FRUIT_PEAR].meaning, "grows too");
    cr_expect_null(fruit_word(FRUIT_NONE));
    cr_expect_str_eq(colour_word(COLOUR_BLUE), "blue");
    cr_expect_null(colour_vocabulary.words[COLOUR_BLUE].meaning);
    cr_expect_null(colour_vocabulary.name);
}

Test(vocabulary, finds_the_value_of_a_word)
{
    static const struct {
        const char *word;
        bool found;
        unsigned value;
    } cases[] = {
        {"apple", true, FRUIT_APPLE}, {"pear", true, FRUIT_PEAR},
        {"Apple", false, 0},          {"app", false, 0},
        {"apples", false, 0},         {"", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned value = 99;
        cr_expect_eq(vocabulary_find(&fruit_vocabulary, span_of(cases[i].word), &value),
                     cases[i].found, "%s", cases[i].word);
        cr_expect_eq(value, cases[i].found ? cases[i].value : 99, "%s", cases[i].word);
    }
}
