# Writes a file as C source: cmake -D FILE=<file> -D NAME=<c name> -D SOURCE=<file.c> [-D TITLE=<text>] -P embed.cmake
# It defines NAME and NAME_len; with TITLE also NAME_title, the text and the date that the file says in
# its line "# Retrieved: YYYY-MM-DD".

file(READ ${FILE} octets HEX)
string(REGEX REPLACE "(..)" "0x\\1," octets "${octets}")
string(REGEX REPLACE "((0x..,)(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?)" "\\1\n" octets "${octets}")
set(title "")
if(TITLE)
    file(STRINGS ${FILE} retrieved REGEX "^# Retrieved: [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$")
    list(LENGTH retrieved dates)
    if(NOT dates EQUAL 1)
        message(FATAL_ERROR "${FILE}: needs one line '# Retrieved: YYYY-MM-DD', has ${dates}")
    endif()
    string(REPLACE "# Retrieved: " "" date ${retrieved})
    set(title "const char ${NAME}_title[] = \"${TITLE} ${date}\";\n")
endif()
get_filename_component(file_name ${FILE} NAME)
file(WRITE ${SOURCE} "/* Generated from ${file_name}. */
#include \"scanner/shipped/embedded.h\"

${title}const unsigned char ${NAME}[] = {
${octets}};
const size_t ${NAME}_len = sizeof(${NAME});
")
