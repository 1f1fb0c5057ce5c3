package dev.jubilee.server.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How PostgreSQL, which refuses to run as root, is started as somebody else.
 *
 * <p>Nothing has to be written down to remember the choice: the owner of the data folder is the
 * memory. Data that belongs to root is served from a user name space, in which root's files belong
 * to a nobody; data that belongs to a user is served as that user.
 *
 * @param prefix goes before the command
 * @param owner the user id that the data must belong to, or -1 when it stays as it is
 */
record RunAs(List<String> prefix, int owner) {
    private static final int NOBODY = 65_534;
    private static final RunAs SELF = new RunAs(List.of(), -1);

    /** Chooses for the data folder, which need not exist yet. */
    static RunAs forData(Path data) {
        if (ownId() != 0) {
            return SELF;
        }
        int owner = Files.isDirectory(data) ? ownerOf(data) : 0;
        if (owner != 0) {
            return as(owner);
        }
        RunAs nameSpace = new RunAs(List.of("unshare", "-U"), -1);
        return works(nameSpace) ? nameSpace : as(NOBODY);
    }

    private static RunAs as(int user) {
        String id = Integer.toString(user);
        RunAs setpriv =
                new RunAs(
                        List.of(
                                "setpriv",
                                "--reuid=" + id,
                                "--regid=" + id,
                                "--clear-groups",
                                "--no-new-privs"),
                        user);
        if (works(setpriv)) {
            return setpriv;
        }
        RunAs runuser = new RunAs(List.of("runuser", "-u", "nobody", "--"), NOBODY);
        if (user == NOBODY && works(runuser)) {
            return runuser;
        }
        throw new EmbeddedException(
                "PostgreSQL does not run as root, and none of unshare, setpriv and runuser works here:"
                        + " start jubilee as an ordinary user, or set DATABASE_URL.");
    }

    /** Hands a folder and everything in it over, if the data must belong to another user. */
    void handOver(Path folder) {
        if (owner < 0 || ownerOf(folder) == owner) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                Files.setAttribute(file, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
                Files.setAttribute(file, "unix:gid", owner, LinkOption.NOFOLLOW_LINKS);
            }
        } catch (IOException e) {
            throw new EmbeddedException(
                    "Cannot hand " + folder + " over to user " + owner + ": " + HomeLock.reason(e),
                    e);
        }
    }

    /**
     * Fails when the other user cannot reach the folder, because one above it is closed to
     * strangers.
     */
    void mustReach(Path folder) {
        if (owner >= 0 && !succeeds(command(List.of("test", "-x", folder.toString())))) {
            throw new EmbeddedException(
                    "User "
                            + owner
                            + ", as whom root runs PostgreSQL, cannot enter "
                            + folder
                            + ": set JUBILEE_HOME to a folder below which every user may pass.");
        }
    }

    List<String> command(List<String> command) {
        return Stream.concat(prefix.stream(), command.stream()).toList();
    }

    private static boolean works(RunAs candidate) {
        return succeeds(candidate.command(List.of("true")));
    }

    private static boolean succeeds(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int ownId() {
        // The owner of what we create is who we are; the JDK has no other portable word for it.
        try {
            Path probe = Files.createTempFile("jubilee", ".user");
            try {
                return ownerOf(probe);
            } finally {
                Files.deleteIfExists(probe);
            }
        } catch (IOException e) {
            return "root".equals(System.getProperty("user.name")) ? 0 : -1;
        }
    }

    private static int ownerOf(Path file) {
        try {
            return (Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new EmbeddedException(
                    "Cannot read the owner of " + file + ": " + HomeLock.reason(e), e);
        }
    }
}
