# Checks that the coverage of each package is at least a percentage:
#   awk -v least=90 -v packages="path/a path/b" -f scripts/coverage.awk coverage.out
#
# Each line of the profile is FILE:FROM,TO STATEMENTS COUNT. A block may have several
# lines; it is covered if any of them has a count.

FNR == 1 && /^mode:/ { next }

{
    if (!($1 in statements)) {
        statements[$1] = $2
    }
    if ($3 > 0) {
        covered[$1] = 1
    }
}

END {
    for (block in statements) {
        package = block
        sub(/\/[^\/]*$/, "", package)
        all[package] += statements[block]
        if (block in covered) {
            hit[package] += statements[block]
        }
    }
    n = split(packages, wanted, " ")
    for (i = 1; i <= n; i++) {
        package = wanted[i]
        if (all[package] == 0) {
            printf "coverage: FAIL: %s is not in the profile\n", package
            failed = 1
            continue
        }
        percent = 100 * hit[package] / all[package]
        verdict = percent < least ? "FAIL: " : ""
        printf "coverage: %s%s: %.1f %% of statements (minimum %s %%)\n", verdict, package, percent, least
        if (verdict != "") {
            failed = 1
        }
    }
    exit failed
}
