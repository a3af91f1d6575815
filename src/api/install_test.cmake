# Installs the library into a folder of its own, builds the examples against it with find_package and with pkg-config,
# and runs them. See tests.cmake for the variables.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "failed (${status}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# A program that classifies the fixture must name its best class first.
function(expect_classes program)
  run(${program} ${FIXTURE}/model.plut ${FIXTURE}/picture.ppm)
  if(NOT output MATCHES "^ *[-0-9.]+  red\n")
    message(FATAL_ERROR "${program} printed:\n${output}")
  endif()
endfunction()

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component library)
foreach(file include/potlut/potlut.h include/potlut/potlut.hpp ${LIBDIR}/libpotlut.so ${LIBDIR}/libpotlut.a
        ${LIBDIR}/cmake/potlut/potlutConfig.cmake ${LIBDIR}/pkgconfig/potlut.pc)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

# Somewhere else than where it was installed to, and out of the source tree.
file(RENAME ${prefix} ${WORK}/moved)
set(prefix ${WORK}/moved)
file(COPY ${EXAMPLES}/ DESTINATION ${WORK}/examples)

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/examples -B ${WORK}/build -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_FIND_PACKAGE_NO_PACKAGE_REGISTRY=ON)
run(${CMAKE_COMMAND} --build ${WORK}/build)
expect_classes(${WORK}/build/classify_c)
expect_classes(${WORK}/build/classify_cpp)
execute_process(COMMAND ${WORK}/build/stream INPUT_FILE ${FIXTURE}/model.plut
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0 OR NOT output MATCHES "^[0-9]+ bytes: image [0-9]+x[0-9]+x3, 4 scores, 4 classes\n$")
  message(FATAL_ERROR "stream printed (${status}):\n${output}")
endif()

if(NOT PKG_CONFIG)
  message(FATAL_ERROR "pkg-config is missing; install it (Debian: pkg-config)")
endif()
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
run(${PKG_CONFIG} --modversion potlut)
string(STRIP "${output}" version)
if(NOT version STREQUAL VERSION)
  message(FATAL_ERROR "pkg-config tells version ${version} instead of ${VERSION}")
endif()
run(${PKG_CONFIG} --cflags --libs potlut)
separate_arguments(flags UNIX_COMMAND "${output}")
run(${CC} -std=c99 ${WORK}/examples/classify_c.c ${flags} -lm -o ${WORK}/by_pkg_config)
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
expect_classes(${WORK}/by_pkg_config)
# The archive alone, with what pkg-config says it needs.
run(${PKG_CONFIG} --cflags --libs --static potlut)
string(REPLACE "-lpotlut" "-l:libpotlut.a" output "${output}")
separate_arguments(flags UNIX_COMMAND "${output}")
run(${CC} -std=c99 ${WORK}/examples/classify_c.c ${flags} -o ${WORK}/by_archive)
set(ENV{LD_LIBRARY_PATH} "")
expect_classes(${WORK}/by_archive)
