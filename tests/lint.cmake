# Tests that read the source tree or the object files and run nothing of ours: label lint.

get_property(layers GLOBAL PROPERTY MXCENSUS_LAYERS)
list(JOIN layers "\n" layer_lines)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/layers.txt "${layer_lines}\n")
add_test(NAME lint.layers COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR}
    -D LAYERS=${CMAKE_CURRENT_BINARY_DIR}/layers.txt -P ${CMAKE_CURRENT_SOURCE_DIR}/check_layers.cmake)
add_test(NAME lint.layers_notices COMMAND ${CMAKE_COMMAND}
    -D SELF_CHECK=${CMAKE_CURRENT_BINARY_DIR}/layers_self_check -P ${CMAKE_CURRENT_SOURCE_DIR}/check_layers.cmake)

# One version only: another one formats differently.
find_program(CLANG_FORMAT clang-format-14)
if(CLANG_FORMAT)
    file(GLOB_RECURSE formatted CONFIGURE_DEPENDS
        ${PROJECT_SOURCE_DIR}/scanner/*.[ch] ${PROJECT_SOURCE_DIR}/resolver/*.[ch]
        ${PROJECT_SOURCE_DIR}/output/*.[ch] ${PROJECT_SOURCE_DIR}/bench/*.[ch]
        ${PROJECT_SOURCE_DIR}/tests/*.[ch] ${PROJECT_SOURCE_DIR}/docs/*.[ch])
    add_test(NAME lint.format COMMAND ${CLANG_FORMAT} --dry-run -Werror ${formatted})
    set_tests_properties(lint.format PROPERTIES LABELS lint)
else()
    message(STATUS "clang-format-14 is absent: the test lint.format is left out")
endif()
set_tests_properties(lint.layers lint.layers_notices PROPERTIES LABELS lint)

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
    add_test(NAME lint.intermediates
        COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/datasets/intermediates/check.py)
    set_tests_properties(lint.intermediates PROPERTIES LABELS lint SKIP_RETURN_CODE 77)

    # The arithmetic of bench/plan, and the figures of docs/cluster/plan.md, which are what it prints.
    add_test(NAME lint.plan COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/bench/test_plan.py)
    add_test(NAME lint.plan_document COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/bench/plan
        --document ${PROJECT_SOURCE_DIR}/docs/cluster/plan.md)
    set_tests_properties(lint.plan lint.plan_document PROPERTIES LABELS lint)
endif()

# What a linker sees, in plain debug builds only: optimised code and instrumented code have other
# functions than the source. A module is one layer; a ring of its files is not.
if(Python3_FOUND AND CMAKE_BUILD_TYPE STREQUAL "Debug" AND TARGET mxcensus
        AND NOT (MXCENSUS_SANITIZE OR MXCENSUS_FUZZ OR MXCENSUS_COVERAGE))
    set(objects "$<TARGET_OBJECTS:mxcensus>")
    foreach(layer IN LISTS layers)
        string(REGEX MATCH "^[^|]*" module "${layer}")
        list(APPEND objects "$<TARGET_OBJECTS:${module}>")
    endforeach()
    file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/objects.txt CONTENT "$<JOIN:${objects},\n>\n")
    set(check_objects ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/check_objects.py)
    set(of_this_build ${CMAKE_CURRENT_BINARY_DIR}/objects.txt ${PROJECT_SOURCE_DIR})
    # The number of function names that may stand in several files.
    set(repeated_names_max 0)
    add_test(NAME lint.rings
        COMMAND ${check_objects} rings ${of_this_build} ${CMAKE_CURRENT_SOURCE_DIR}/rings.txt)
    add_test(NAME lint.names COMMAND ${check_objects} names ${of_this_build} ${repeated_names_max})
    add_test(NAME lint.objects_notices COMMAND ${check_objects} self-test
        ${CMAKE_CURRENT_BINARY_DIR}/objects_self_test ${CMAKE_C_COMPILER})
    set_tests_properties(lint.rings lint.names lint.objects_notices PROPERTIES
        LABELS lint ENVIRONMENT "NM=${CMAKE_NM}")
endif()

# The manual page follows the option table; the target `manual` brings it up to date.
set(check_manual ${CMAKE_COMMAND} -D PRINT=$<TARGET_FILE:print_texts>
    -D MANUAL=${PROJECT_SOURCE_DIR}/docs/mxcensus.1)
add_test(NAME lint.manual COMMAND ${check_manual} -P ${CMAKE_CURRENT_SOURCE_DIR}/check_manual.cmake)
add_custom_target(manual COMMAND ${check_manual} -D WRITE=ON
    -P ${CMAKE_CURRENT_SOURCE_DIR}/check_manual.cmake DEPENDS print_texts VERBATIM)
set_tests_properties(lint.manual PROPERTIES LABELS lint)
