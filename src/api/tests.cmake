# Tests of the C and C++ interfaces, of what the shared library shows and needs, and of the installed tree.

# Writes a small model and a picture for it: what the tests below read.
add_executable(potlut_api_fixture fixture.cc)
target_link_libraries(potlut_api_fixture PRIVATE potlut_pack potlut_program potlut_base potlut_options)
set(fixture ${CMAKE_CURRENT_BINARY_DIR}/fixture)
add_test(NAME api.fixture COMMAND potlut_api_fixture ${fixture})
set_tests_properties(api.fixture PROPERTIES FIXTURES_SETUP potlut_api_fixture)

# Strict C99, by the shared library.
add_executable(potlut_capi_test capi_test.c)
target_compile_options(potlut_capi_test PRIVATE -pedantic)
target_link_libraries(potlut_capi_test PRIVATE potlut_shared potlut_options)
set_target_properties(potlut_capi_test PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
if(POTLUT_SANITIZE)  # the sanitizer's run-time library for C++
  set_target_properties(potlut_capi_test PROPERTIES LINKER_LANGUAGE CXX)
endif()
add_test(NAME api.capi COMMAND potlut_capi_test ${fixture})

# C++17, and by the archive.
add_executable(potlut_cppapi_test cppapi_test.cc)
target_link_libraries(potlut_cppapi_test PRIVATE potlut_static potlut_options GTest::gtest_main)
set_target_properties(potlut_cppapi_test PROPERTIES CXX_STANDARD 17)
target_compile_definitions(potlut_cppapi_test PRIVATE POTLUT_FIXTURE_DIR="${fixture}")
add_test(NAME api.cppapi COMMAND potlut_cppapi_test)
# The C++ header must do without exceptions.
add_library(potlut_noexcept_check OBJECT noexcept_check.cc)
target_compile_options(potlut_noexcept_check PRIVATE -fno-exceptions)
target_link_libraries(potlut_noexcept_check PRIVATE potlut_static potlut_options)
set_target_properties(potlut_noexcept_check PROPERTIES CXX_STANDARD 17)

set_tests_properties(api.capi api.cppapi PROPERTIES FIXTURES_REQUIRED potlut_api_fixture)

# A sanitizer adds its own symbols and libraries, and its flags would have to be given to every user.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT POTLUT_SANITIZE AND NOT POTLUT_FUZZ)
  find_program(POTLUT_READELF readelf)
  find_program(POTLUT_NM nm)
  add_test(NAME api.needs_only_the_runtime COMMAND ${CMAKE_COMMAND}
    -DREADELF=${POTLUT_READELF} -DNM=${POTLUT_NM} -DLIBRARY=$<TARGET_FILE:potlut_shared>
    -P ${CMAKE_CURRENT_SOURCE_DIR}/symbols_test.cmake)
  find_program(POTLUT_PKG_CONFIG pkg-config)
  add_test(NAME api.install COMMAND ${CMAKE_COMMAND}
    -DBUILD=${PROJECT_BINARY_DIR} -DEXAMPLES=${PROJECT_SOURCE_DIR}/examples -DFIXTURE=${fixture}
    -DWORK=${CMAKE_CURRENT_BINARY_DIR}/install_test -DVERSION=${PROJECT_VERSION}
    -DLIBDIR=${CMAKE_INSTALL_LIBDIR} -DGENERATOR=${CMAKE_GENERATOR} -DPKG_CONFIG=${POTLUT_PKG_CONFIG}
    -DCC=${CMAKE_C_COMPILER} -DCXX=${CMAKE_CXX_COMPILER}
    -P ${CMAKE_CURRENT_SOURCE_DIR}/install_test.cmake)
  set_tests_properties(api.install PROPERTIES FIXTURES_REQUIRED potlut_api_fixture TIMEOUT 300)
endif()
