package dev.jubilee.server.http;

/** The HTTP face of a feature. */
public interface Routes {
    /** Puts the feature's routes on the router. */
    void on(Router router);
}
