# potlut_room(NAME SOURCES ... [TESTS ...] [DEPS ...] [TEST_DEPS ...])
# A room of src/ as the static library potlut_NAME (includes are written "room/file.h"), and its unit tests, which
# stand beside the code, as the program potlut_NAME_test.
function(potlut_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;TESTS;DEPS;TEST_DEPS" ${ARGN})
  add_library(potlut_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(potlut_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(potlut_${name} PUBLIC ${ROOM_DEPS} PRIVATE potlut_options)
  set_target_properties(potlut_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(POTLUT_TESTS AND ROOM_TESTS)
    add_executable(potlut_${name}_test ${ROOM_TESTS})
    target_link_libraries(potlut_${name}_test
      PRIVATE potlut_${name} ${ROOM_TEST_DEPS} potlut_options GTest::gtest_main)
    target_compile_definitions(potlut_${name}_test PRIVATE
      POTLUT_SOURCE_DIR="${PROJECT_SOURCE_DIR}" POTLUT_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
    gtest_discover_tests(potlut_${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# potlut_fuzzer(NAME SOURCE corpus-folder DEPS...): a libFuzzer target under the fuzz preset; everywhere else a program
# that replays the corpus, as a test.
function(potlut_fuzzer name source corpus)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${ARGN} potlut_options)
  if(POTLUT_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
    add_test(NAME fuzz_replay.${name} COMMAND ${name} ${corpus})
  endif()
endfunction()

# potlut_isa_objects_test(NAME PATTERN AT_LEAST): a test of the room's objects whose path matches, AT_LEAST or more, each
# compiled with flags of an instruction set: see IsaObjectsTest.cmake.
function(potlut_isa_objects_test name pattern at_least)
  if(NOT POTLUT_TESTS OR POTLUT_SANITIZE OR POTLUT_FUZZ)
    return()
  endif()
  find_program(POTLUT_NM nm REQUIRED)
  add_test(NAME ${name}.isa_objects COMMAND ${CMAKE_COMMAND} -DNM=${POTLUT_NM}
    "-DOBJECTS=$<TARGET_OBJECTS:potlut_${name}>" "-DPATTERN=${pattern}" -DAT_LEAST=${at_least}
    -P ${PROJECT_SOURCE_DIR}/cmake/IsaObjectsTest.cmake)
endfunction()
