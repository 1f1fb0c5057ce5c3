package dev.jubilee.server.credentials;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * The first admin key, kept as the one line of {@code admin.key} in the data folder, readable by
 * its owner alone.
 */
final class AdminKey {
    private static final String NAME = "admin.key";
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");
    private static final long LOCK = 0x6A62_6C5F_6164_6D6EL;

    private final Database database;
    private final ApiKeys keys;
    private final Audit audit;
    private final Path file;

    AdminKey(Database database, ApiKeys keys, Audit audit, Path home) {
        this.database = database;
        this.keys = keys;
        this.audit = audit;
        this.file = home.resolve(NAME);
    }

    /**
     * Sees to it that there is an admin key. When the file is lost or no longer valid, a new one is
     * made and the old one revoked; but on a database that others share, only when there is no
     * valid admin key at all: theirs are not ours to revoke.
     *
     * @return where it is
     */
    Path ensure(boolean ownDatabase) {
        keys.refresh();
        if (!isValid()) {
            database.transaction(connection -> {
                lock(connection);
                if (ownDatabase || keys.lockAdmins(connection) == 0) {
                    replace(connection);
                }
                return file;
            });
            keys.refresh();
        }
        return file;
    }

    private boolean isValid() {
        try {
            if (!Files.isRegularFile(file)) {
                return false;
            }
            if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(file, OWNER_ONLY);
            }
            Principal holder = keys.known(Files.readString(file).strip());
            return holder != null && holder.role() == Role.ADMIN;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private void replace(Connection connection) throws SQLException {
        for (UUID old : keys.named(connection, NAME, Role.ADMIN)) {
            keys.revoke(connection, old);
            audit.record(
                    connection,
                    Principal.PLATFORM,
                    "key.revoke",
                    old.toString(),
                    Map.of("reason", "admin.key was lost"));
        }
        ApiKey.Made made = keys.make(connection, NAME, Role.ADMIN);
        audit.record(
                connection,
                Principal.PLATFORM,
                "key.create",
                made.key().keyId().toString(),
                Map.of("name", NAME, "role", Role.ADMIN.text()));
        write(made.secret());
    }

    /**
     * Written before the commit: a file whose key was rolled back is replaced at the next start.
     */
    private void write(String secret) {
        Path next = file.resolveSibling(NAME + ".new");
        try {
            Files.deleteIfExists(next);
            boolean posix =
                    Files.getFileStore(file.toAbsolutePath().getParent())
                            .supportsFileAttributeView("posix");
            if (posix) {
                Files.createFile(next, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } else {
                Files.createFile(next);
            }
            Files.writeString(
                    next,
                    secret + "\n",
                    StandardCharsets.US_ASCII,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
            Files.move(
                    next,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static void lock(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_advisory_xact_lock(?)")) {
            statement.setLong(1, LOCK);
            statement.execute();
        }
    }
}
