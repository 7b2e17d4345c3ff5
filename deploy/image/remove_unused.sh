#!/bin/sh
# Removes from installed packages what production never opens: remove_unused.sh SITE_PACKAGES.
# `make image-check` shows whether the location still works without it.
set -eu
cd "$1"

# Tests of the largest packages. Not of all: Dagster and numpy have folders of that name that they import.
rm -r pandas/tests pyarrow/tests
find scipy sklearn networkx -type d -name tests -prune -exec rm -r {} +
# What the browser's debugger shows of Dagster's UI.
find . -name '*.map' -delete
# What compilers need.
rm -r pyarrow/include
find . \( -name '*.h' -o -name '*.hpp' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.a' \) -delete
# Arrow over gRPC.
rm pyarrow/*arrow_flight* pyarrow/*arrow_python_flight* pyarrow/_flight*
# AWS but S3 and the ways to log in; languages but English, which dbt's tables are formatted in.
find botocore/data -mindepth 1 -maxdepth 1 -type d \
    ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -r {} +
find babel/locale-data -name '*.dat' ! -name root.dat ! -name 'en*.dat' -delete
# Names for debuggers. Libraries that wheels brought along were patched, and must not be touched again.
find . -name '*.so*' -type f -not -path '*.libs/*' -exec strip --strip-unneeded {} +
