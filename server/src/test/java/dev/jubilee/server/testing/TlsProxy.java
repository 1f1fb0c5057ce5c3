package dev.jubilee.server.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;

/** Speaks TLS in front of a server that does not: what it is sent, that gets in the clear. */
public final class TlsProxy implements AutoCloseable {
    private final SSLServerSocket listening;
    private final InetAddress host;
    private final int port;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /**
     * @param address where it listens, at a port of its own
     * @param host of the server behind it
     */
    public TlsProxy(SelfSigned certificate, String address, String host, int port)
            throws IOException, GeneralSecurityException {
        this.host = InetAddress.getByName(host);
        this.port = port;
        this.listening =
                (SSLServerSocket)
                        context(certificate)
                                .getServerSocketFactory()
                                .createServerSocket(0, 50, InetAddress.getByName(address));
        Thread.ofVirtual().name("tls-proxy").start(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    private static SSLContext context(SelfSigned certificate)
            throws IOException, GeneralSecurityException {
        char[] password = SelfSigned.PASSWORD.toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(certificate.store())) {
            store.load(in, password);
        }
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                open.add(client);
                Socket server = new Socket(host, port);
                open.add(server);
                Thread.ofVirtual().start(() -> carry(client, server));
                Thread.ofVirtual().start(() -> carry(server, client));
            } catch (IOException e) {
                // The one is gone; the next may come.
            }
        }
    }

    private void carry(Socket from, Socket to) {
        try (from;
                to) {
            byte[] buffer = new byte[8_192];
            for (int n; (n = from.getInputStream().read(buffer)) >= 0; ) {
                to.getOutputStream().write(buffer, 0, n);
                to.getOutputStream().flush();
            }
        } catch (IOException e) {
            // Either end has hung up, or never shook hands.
        }
        open.remove(from);
        open.remove(to);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
