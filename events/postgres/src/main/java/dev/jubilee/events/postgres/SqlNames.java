package dev.jubilee.events.postgres;

import java.util.regex.Pattern;

/** Names of tables that come from settings and go into statements. */
final class SqlNames {
    private static final Pattern TABLE = Pattern.compile("[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)?");

    private SqlNames() {}

    /** The name given, if it is a table's, perhaps with its schema. */
    static String requireTable(String setting, String name) {
        if (!TABLE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    setting + " must be a table's name such as platform.rows, was '" + name + "'");
        }
        return name;
    }
}
